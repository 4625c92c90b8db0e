// placeholder until the first file of Routing lands
