package io.pantala.proxy.pull;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryException;
import io.pantala.registry.RegistryResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Answers pings as the upstream does; while that has trouble, as it did last. */
final class PingPull {
    private static final String KIND = "ping";

    private final Relay relay;
    private final LastKnown lastKnown;
    private final Troubles troubles;

    PingPull(Relay relay, LastKnown lastKnown, Troubles troubles) {
        this.relay = relay;
        this.lastKnown = lastKnown;
        this.troubles = troubles;
    }

    void answer(RegistryCall.Ping call, Exchange exchange)
            throws RegistryException, EngineGoneException, InterruptedException {
        UpstreamName upstream = call.route().upstream();
        if (troubles.has(upstream) && repeat(call, exchange)) {
            return;
        }
        try (RegistryResponse response = relay.ask(call, exchange, KIND)) {
            int status = response.status();
            if ((status == 429 || status >= 500) && repeat(call, exchange)) {
                return;
            }
            if (exchange.authorization().isAnonymous() && (status == 200 || status == 401)) {
                lastKnown.ping(upstream, status, Headers.endToEnd(response.headers(), List.of()));
            }
            relay.pass(response, call, exchange, _ -> {});
        } catch (RegistryException e) {
            troubles.late(upstream);
            if (!repeat(call, exchange)) {
                throw e;
            }
        }
    }

    /** To those who say who they are, an answer to nobody is none. */
    private boolean repeat(RegistryCall.Ping call, Exchange exchange) throws EngineGoneException {
        UpstreamName upstream = call.route().upstream();
        Optional<LastKnown.Ping> last = lastKnown
                .ping(upstream)
                .filter(ping -> ping.status() == 200 || exchange.authorization().isAnonymous());
        if (last.isEmpty()) {
            return false;
        }
        List<Map.Entry<String, String>> headers =
                new ArrayList<>(Headers.endToEnd(last.get().headers(), call));
        headers.add(LastKnown.warning(upstream, last.get().said()));
        exchange.source("stale");
        exchange.reply(
                last.get().status(),
                headers,
                exchange.head() ? new byte[0] : "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return true;
    }
}
