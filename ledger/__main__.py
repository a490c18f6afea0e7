"""`python -m ledger`: `packtrace` without web, camera and drawing."""

from ledger.cli import main

if __name__ == "__main__":
    main(prog_name="python -m ledger")
