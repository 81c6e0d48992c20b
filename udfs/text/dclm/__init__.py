"""The mappers of DCLM as steps of ours, by the modules that hold them there."""
