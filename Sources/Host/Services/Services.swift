// placeholder until the first file of Services lands
