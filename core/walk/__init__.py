"""How latents move: walks through noise and classes, curves, words' cues, and sections laid over a film."""
