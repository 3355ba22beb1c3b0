"""What one revision renders and another does not: objects of every Application, and what that means for a cluster."""
