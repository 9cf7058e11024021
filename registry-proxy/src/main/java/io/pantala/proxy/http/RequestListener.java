package io.pantala.proxy.http;

/** Hears of every request of an engine. Called on the request's thread; quick and never blocking. */
public interface RequestListener {
    RequestListener NONE = new RequestListener() {};

    /** An engine's request is about to be answered. */
    default void started() {}

    /** Its reply has ended, whole or not. */
    default void ended(RequestSummary summary) {}
}
