"""The report on the results of a grid."""
