"""What the network is like, from the routing table, for sendoff."""
