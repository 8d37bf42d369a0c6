"""Where people come in: commands, shortcuts, App Home."""
