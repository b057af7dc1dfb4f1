"""Files on the disk: written whole or not at all, locked, and where what can be made again is kept."""
