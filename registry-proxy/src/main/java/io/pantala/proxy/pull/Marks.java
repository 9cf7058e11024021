package io.pantala.proxy.pull;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.http.Exchange;
import io.pantala.proxy.http.RegistryCall;
import io.pantala.proxy.http.RegistryError;
import io.pantala.proxy.http.RegistryException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Requests that an engine was made to send so that it shows where they arrive: for images in repositories below
 * {@link #REPOSITORIES}, which are asked of no registry. The last few are remembered.
 */
public final class Marks {
    /** What the names of such repositories begin with; a mark follows. */
    public static final String REPOSITORIES = "pantala-doctor/";

    private static final int MOST = 64;
    private static final int LONGEST_AGENT = 80;

    private final Map<String, Seen> seen = new LinkedHashMap<>();

    /**
     * A request that arrived.
     *
     * @param proxied whether by an engine that uses this as its proxy, not as a mirror
     * @param agent what the engine calls itself; empty if it doesn't
     */
    public record Seen(UpstreamName upstream, boolean proxied, String agent) {}

    /** The request with this mark; empty if none has come. */
    public synchronized Optional<Seen> find(String mark) {
        return Optional.ofNullable(seen.get(mark));
    }

    /** Remembers a request with a mark, and answers it as a registry would that has no such image. */
    void intercept(RegistryCall.Manifest call, Exchange exchange) throws RegistryException {
        String repository = call.repository().value();
        if (repository.startsWith(REPOSITORIES)) {
            remember(repository.substring(REPOSITORIES.length()), call, exchange.header("User-Agent"));
            throw new RegistryException(
                    new RegistryError(404, "MANIFEST_UNKNOWN", "this request of pantala doctor has arrived"));
        }
    }

    private synchronized void remember(String mark, RegistryCall.Manifest call, @Nullable String agent) {
        String printable = agent == null ? "" : agent.replaceAll("[^ -~]", "?");
        seen.put(
                mark,
                new Seen(
                        call.route().upstream(),
                        call.route().proxied(),
                        printable.substring(0, Math.min(LONGEST_AGENT, printable.length()))));
        if (seen.size() > MOST) {
            seen.remove(seen.keySet().iterator().next());
        }
    }
}
