"""What goes wrong by script."""
