package io.pantala.store;

/** Ends an observation. A call already under way may still arrive. */
public interface Subscription extends AutoCloseable {
    @Override
    void close();
}
