"""What authors implement, and what the core hands them."""
