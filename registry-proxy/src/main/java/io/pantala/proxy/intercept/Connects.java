package io.pantala.proxy.intercept;

import io.netty.channel.ChannelHandler;
import io.pantala.manifest.UpstreamName;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Answers CONNECT: an engine that wants to speak TLS with an upstream speaks it with this proxy, anyone else gets a tunnel
 * to where it wants to go.
 */
public final class Connects implements AutoCloseable {
    private final Function<Authority, Optional<UpstreamName>> upstreams;
    private final CompletableFuture<Certificates> certificates;
    private final Tunnels tunnels;
    private final ConnectConfig config;
    private final ConnectListener listener;

    /**
     * @param upstreams the upstream that is meant by an authority and may be intercepted
     * @param authority who signs; as long as it is not there, and when it fails, engines get tunnels
     * @param destinations where tunnels may lead
     */
    public Connects(
            Function<Authority, Optional<UpstreamName>> upstreams,
            CompletableFuture<CertificateAuthority> authority,
            Destinations destinations,
            ConnectConfig config,
            ConnectListener listener) {
        this.upstreams = upstreams;
        this.certificates = authority.thenApply(Certificates::new);
        this.tunnels = new Tunnels(destinations, config, listener);
        this.config = config;
        this.listener = listener;
    }

    /** What takes CONNECT out of the decoded requests of one connection; it stands behind the decoder. */
    public ChannelHandler handler(EngineSide engine) {
        return new ConnectHandler(engine, this);
    }

    Optional<UpstreamName> upstream(Authority authority) {
        return upstreams.apply(authority);
    }

    CompletableFuture<Certificates> certificates() {
        return certificates;
    }

    Tunnels tunnels() {
        return tunnels;
    }

    ConnectConfig config() {
        return config;
    }

    ConnectListener listener() {
        return listener;
    }

    /** Does once what the first engine would have to wait for: an authority's classes, and those of TLS. Waits for it. */
    public void warmUp() {
        // What went wrong with the authority has been said where it was made.
        certificates.thenAccept(Certificates::warmUp).exceptionally(_ -> null).join();
    }

    /** Opens no new tunnels, and waits for those there are. */
    public void drain(Duration patience) throws InterruptedException {
        tunnels.drain(patience);
    }

    /** Cuts all tunnels. */
    @Override
    public void close() {
        tunnels.close();
    }
}
