"""Write a diagram down: pictures, graphs for other programs, text; one module a format."""
