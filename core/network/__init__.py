"""BigGAN-deep: its shape, its weights folded, and what runs them on each kind of device."""
