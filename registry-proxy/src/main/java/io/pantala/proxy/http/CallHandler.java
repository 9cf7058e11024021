package io.pantala.proxy.http;

/** Answers what engines ask for. */
public interface CallHandler {
    /**
     * Answers one request, on a virtual thread of its own: it may block, within bounds. A reply that has begun when this
     * throws is cut short; else the engine gets the error.
     */
    void answer(RegistryCall call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException;
}
