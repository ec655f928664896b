"""The native engine: equations to machine code, machine code to runs."""
