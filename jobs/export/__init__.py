"""Making model folders out of checkpoints of decoders: everything here runs on a build box, with the extra `train`."""
