package io.pantala.engine;

import io.pantala.manifest.Platform;

/** What pulls images: an engine that is configured to pull Docker Hub's through one mirror. */
interface Engine extends AutoCloseable {
    /** Pulls for linux/amd64 by its tag and proves that all of it has come; fails with what the engine said. */
    default void pull(TestImage image) throws Exception {
        pull(image, image.name(), TestImage.AMD64);
    }

    /**
     * Pulls for one platform.
     *
     * @param name by tag or digest, as engines name it at Docker Hub
     */
    void pull(TestImage image, String name, Platform platform) throws Exception;

    /** Forgets what it has pulled, so that it asks for all of it again. */
    void forget(TestImage image) throws Exception;

    /** Pushes an image that it has pulled under another name. */
    default void push(TestImage image, String name) {
        throw new UnsupportedOperationException("it only pulls");
    }

    @Override
    void close();
}
