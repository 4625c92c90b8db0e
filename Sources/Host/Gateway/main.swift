// The gatewright command.
print("gatewright")
