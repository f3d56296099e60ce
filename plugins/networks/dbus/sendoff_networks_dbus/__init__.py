"""What NetworkManager and the desktop portal say of the network, for sendoff."""
