package io.pantala.proxy.pull;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryException;
import io.pantala.proxy.http.Route;
import io.pantala.registry.RegistryResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Answers pings as the upstream does; while that has trouble, as it did last, or, to a ping that names no upstream, that
 * this is a registry: engines of containers/image ping a mirror so, whatever registry they want, and turn away from one
 * that has no answer, even where the default upstream is not within reach at all.
 */
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
        if (troubles.has(upstream) && answerAlone(call, exchange)) {
            return;
        }
        try (RegistryResponse response = relay.ask(call, exchange, KIND)) {
            int status = response.status();
            if ((status == 429 || status >= 500) && answerAlone(call, exchange)) {
                return;
            }
            if (exchange.authorization().isAnonymous() && (status == 200 || status == 401)) {
                lastKnown.ping(upstream, status, Headers.endToEnd(response.headers(), List.of()));
            }
            relay.pass(response, call, exchange, _ -> {});
        } catch (RegistryException e) {
            troubles.late(upstream);
            if (!answerAlone(call, exchange)) {
                throw e;
            }
        }
    }

    private boolean answerAlone(RegistryCall.Ping call, Exchange exchange) throws EngineGoneException {
        return repeat(call, exchange) || welcome(call, exchange);
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
        reply(exchange, "stale", last.get().status(), headers);
        return true;
    }

    /** Who says who they are would take it for a yes to that. */
    private static boolean welcome(RegistryCall.Ping call, Exchange exchange) throws EngineGoneException {
        Route route = call.route();
        if (route.namespace() != null
                || route.proxied()
                || !exchange.authorization().isAnonymous()) {
            return false;
        }
        String said = "%s, the default upstream, does not answer; others may".formatted(route.upstream());
        reply(
                exchange,
                "mirror",
                200,
                List.of(
                        Map.entry("Content-Type", "application/json"),
                        Map.entry("Docker-Distribution-Api-Version", "registry/2.0"),
                        Map.entry("Warning", "299 - \"" + said + "\"")));
        return true;
    }

    private static void reply(Exchange exchange, String source, int status, List<Map.Entry<String, String>> headers)
            throws EngineGoneException {
        exchange.source(source);
        exchange.reply(status, headers, exchange.head() ? new byte[0] : "{}".getBytes(UTF_8));
    }
}
