package io.pantala.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pantala.manifest.UpstreamName;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.ProxyOptions;
import io.vertx.core.net.ProxyType;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What sends to all upstreams: one for those that are reached straight, and one or two for each other one. */
final class Ways implements AutoCloseable {
    /** How long a request waits for another that finds out whether a host is back: as long as one that is well takes. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Map<UpstreamName, Way> special = new HashMap<>();
    private final Sender straight;

    /** @param outages of the hosts it sends to: how they are reached decides about them too */
    record Sender(HttpClient client, Outages outages) {
        Sender(HttpClient client) {
            this(client, new Outages(PATIENCE, System::nanoTime));
        }
    }

    /**
     * @param there for the upstream itself
     * @param onwards for where it redirects to
     */
    private record Way(Sender there, Sender onwards) {}

    /**
     * @param options the common ones, a copy each time
     * @throws IllegalArgumentException says which file can't be used, and why
     */
    Ways(Upstreams upstreams, Function<HttpClientOptions, HttpClient> build, HttpClientOptions options) {
        straight = new Sender(build.apply(new HttpClientOptions(options)));
        for (UpstreamName name : upstreams.names()) {
            Reach reach = upstreams.find(name).orElseThrow().reach();
            if (!reach.equals(Reach.STRAIGHT)) {
                Sender onwards = new Sender(build.apply(reaching(reach, options)));
                Sender there = reach.client()
                        .map(certificate -> new Sender(build.apply(showing(certificate, reaching(reach, options)))))
                        .orElse(onwards);
                special.put(name, new Way(there, onwards));
            }
        }
    }

    /**
     * What to ask with.
     *
     * @param own whether the upstream itself is asked, and not where it redirects to
     */
    Sender to(UpstreamName upstream, boolean own) {
        Way way = special.get(upstream);
        return way == null ? straight : own ? way.there : way.onwards;
    }

    @Override
    public void close() {
        straight.client.close();
        for (Way way : special.values()) {
            way.there.client.close();
            way.onwards.client.close();
        }
    }

    private static HttpClientOptions reaching(Reach reach, HttpClientOptions options) {
        var own = new HttpClientOptions(options);
        reach.ca().map(Trust::systemAnd).ifPresent(own::setTrustOptions);
        reach.proxy().map(Ways::through).ifPresent(own::setProxyOptions);
        return own;
    }

    private static HttpClientOptions showing(Reach.ClientCertificate certificate, HttpClientOptions options) {
        return options.setKeyCertOptions(new PemKeyCertOptions()
                .setCertValue(read(certificate.certificate(), "CERTIFICATE"))
                .setKeyValue(read(certificate.key(), "PRIVATE KEY")));
    }

    private static Buffer read(Path file, String label) {
        try {
            String pem = Files.readString(file);
            if (!pem.contains(label + "-----")) {
                throw new IllegalArgumentException(
                        "no " + label.toLowerCase(java.util.Locale.ROOT) + " in PEM in " + file);
            }
            return Buffer.buffer(pem);
        } catch (IOException e) {
            throw new IllegalArgumentException("can't read " + file + ": " + e.getMessage(), e);
        }
    }

    private static ProxyOptions through(URI proxy) {
        var options = new ProxyOptions()
                .setType("socks5".equals(proxy.getScheme()) ? ProxyType.SOCKS5 : ProxyType.HTTP)
                .setHost(proxy.getHost())
                .setPort(proxy.getPort());
        if (proxy.getRawUserInfo() != null) {
            List<String> user = List.of(proxy.getRawUserInfo().split(":", 2));
            options.setUsername(URLDecoder.decode(user.getFirst(), UTF_8));
            options.setPassword(user.size() < 2 ? "" : URLDecoder.decode(user.getLast(), UTF_8));
        }
        return options;
    }
}
