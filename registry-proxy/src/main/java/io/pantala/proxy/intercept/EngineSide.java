package io.pantala.proxy.intercept;

import io.netty.handler.codec.http.HttpHeaders;
import io.pantala.manifest.UpstreamName;
import java.util.Optional;

/** The connection on which an engine sends CONNECT. Called on its event loop, but for what says otherwise. */
public interface EngineSide {
    /** Runs something once all earlier requests are answered. */
    void whenFree(Runnable task);

    /** Why this engine may not use this proxy; empty if it may. Called on a virtual thread: it may wait. */
    Optional<Objection> objection(HttpHeaders headers) throws InterruptedException;

    /** From here on it speaks TLS, as with this upstream: requests come that mean it. */
    void intercepted(UpstreamName upstream, Authority as);

    /** From here on it is a tunnel, and no request comes any more. */
    void tunnelled();

    /**
     * A reply that refuses.
     *
     * @param challenge for {@code Proxy-Authenticate}; empty if nothing helps
     */
    record Objection(int status, String code, String message, String challenge) {
        public Objection(int status, String code, String message) {
            this(status, code, message, "");
        }
    }
}
