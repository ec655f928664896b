"""Stock-and-flow diagrams: stocks, flows, clouds, pipes, and the information that steers them."""
