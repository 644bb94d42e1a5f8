"""The weights on this machine: downloaded, added, verified, loaded."""
