"""The commands: one module per family; what a command needs is imported when it is asked for."""
