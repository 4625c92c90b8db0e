// placeholder until the first file of Config lands
