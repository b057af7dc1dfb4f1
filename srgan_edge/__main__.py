"""`python -m srgan_edge` is `srgan-edge`."""

from srgan_edge.cli.main import main

main()
