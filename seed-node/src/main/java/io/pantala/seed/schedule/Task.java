package io.pantala.seed.schedule;

/**
 * A block ordered from a source, until the receiver reports.
 *
 * @param since when it was ordered, in nanoseconds
 * @param shared transfers of the source at that time, this one included
 * @param crossing whether it crosses the border of the receiver's zone
 */
record Task(Part to, Part from, int block, long since, int shared, boolean crossing) {}
