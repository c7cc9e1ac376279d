"""What happened, in the order it happened."""
