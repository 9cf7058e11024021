package io.pantala.proxy.intercept;

import io.pantala.manifest.UpstreamName;
import java.time.Duration;

/** Hears of what comes of CONNECT. Called on event loops; quick and never blocking. */
public interface ConnectListener {
    ConnectListener NONE = new ConnectListener() {};

    /** An engine now speaks TLS with this proxy as if with this upstream. */
    default void intercepted(UpstreamName upstream) {}

    /** An engine has broken off TLS, most likely because it does not trust the authority. */
    default void distrusted(UpstreamName upstream, String why) {}

    /** A tunnel was opened. */
    default void opened() {}

    /**
     * A tunnel has ended.
     *
     * @param sent bytes from the engine
     * @param received bytes to the engine
     */
    default void closed(Authority to, long sent, long received, Duration took) {}

    /** An engine was not connected. */
    default void refused(int status, String why) {}
}
