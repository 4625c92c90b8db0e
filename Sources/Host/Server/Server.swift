// placeholder until the first file of Server lands
