"""What a diagram shows."""
