package io.pantala.proxy.http;

/** Answers what engines ask for. */
public interface CallHandler {
    /**
     * Answers one request, on a virtual thread of its own: it may block, within bounds. A reply that has begun when this
     * throws is cut short; else the engine gets the error.
     */
    void answer(RegistryCall call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException;

    /** Answers one request that is for no upstream, in the same way: it goes to the host that it names. */
    default void answer(Elsewhere call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        throw new RegistryException(403, "DENIED", call.host() + " is not an upstream of this proxy");
    }
}
