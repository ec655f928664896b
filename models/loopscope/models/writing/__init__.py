"""Write a model back as a file of another program."""
