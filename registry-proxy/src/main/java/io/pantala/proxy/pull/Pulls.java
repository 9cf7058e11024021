package io.pantala.proxy.pull;

import com.github.benmanes.caffeine.cache.Ticker;
import io.pantala.proxy.grant.Grants;
import io.pantala.proxy.grant.Standing;
import io.pantala.proxy.http.CallHandler;
import io.pantala.proxy.http.Elsewhere;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.intercept.Destinations;
import io.pantala.registry.RegistryClient;
import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import java.util.List;
import java.util.Optional;

/** Answers engines: blobs from where they are to be had best, everything else as the upstream answers it. */
public final class Pulls implements CallHandler {
    private final Relay relay;
    private final PingPull pings;
    private final ManifestPull manifests;
    private final BlobPulls blobs;
    private final PassOn passOn;
    private final Marks marks = new Marks();

    /**
     * @param knowledge what is remembered of upstreams
     * @param destinations where requests may go that are for no upstream
     * @param lookahead whether layers are fetched ahead
     * @param fillers where blobs are to be had, best first; when none can help, the registry is asked for the engine alone
     */
    public Pulls(
            BlobStore store,
            RegistryClient registry,
            Grants grants,
            List<BlobFiller> fillers,
            Destinations destinations,
            Knowledge knowledge,
            boolean lookahead,
            PullConfig config,
            PullListener listener) {
        relay = new Relay(registry, config, listener);
        List<BlobFiller> best = List.copyOf(fillers);
        Standing standing = knowledge.standing();
        LastKnown lastKnown = knowledge.lastKnown();
        var troubles = new Troubles(Ticker.systemTicker());
        Optional<Lookahead> ahead = lookahead && !best.isEmpty()
                ? Optional.of(new Lookahead(store, best.getFirst(), Ticker.systemTicker()))
                : Optional.empty();
        var heads = new Heads(registry, config.answer());
        pings = new PingPull(relay, lastKnown, troubles);
        manifests = new ManifestPull(
                relay,
                grants,
                heads,
                new Bodies(store, best, config),
                ahead,
                standing,
                lastKnown,
                troubles,
                config,
                listener);
        blobs = new BlobPulls(store, relay, grants, best, ahead, standing, troubles, config, listener);
        passOn = new PassOn(registry, relay, grants, heads, lastKnown, destinations);
    }

    /** The requests that were sent to see whether they arrive here. */
    public Marks marks() {
        return marks;
    }

    @Override
    public void answer(RegistryCall call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        switch (call) {
            case RegistryCall.Ping ping -> pings.answer(ping, exchange);
            case RegistryCall.Tags _ -> relay.pass(call, exchange, "tags");
            case RegistryCall.Catalog _, RegistryCall.Referrers _ -> relay.pass(call, exchange, "other");
            case RegistryCall.Manifest manifest -> {
                marks.intercept(manifest, exchange);
                manifests.answer(manifest, exchange);
            }
            case RegistryCall.Blob blob -> blobs.answer(blob, exchange);
            case RegistryCall.Other other -> passOn.answer(other, exchange);
        }
    }

    @Override
    public void answer(Elsewhere call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        passOn.answer(call, exchange);
    }
}
