package io.pantala.engine;

/** What pulls images: an engine that is configured to pull Docker Hub's through one mirror. */
interface Engine extends AutoCloseable {
    /** Pulls for linux/amd64 and proves that all of it has come; fails with what the engine said. */
    void pull(TestImage image) throws Exception;

    /** Forgets what it has pulled, so that it asks for all of it again. */
    void forget(TestImage image) throws Exception;

    /** Pushes an image that it has pulled under another name. */
    default void push(TestImage image, String name) {
        throw new UnsupportedOperationException("it only pulls");
    }

    @Override
    void close();
}
