package io.pantala.store;

/**
 * How full a store is.
 *
 * @param bytes of the blobs kept; a partial one counts in full from the start
 * @param quota what {@code bytes} never exceeds
 * @param blobs how many, partial ones included
 */
public record StoreUsage(long bytes, long quota, int blobs) {}
