// placeholder until the first file of Loader lands
