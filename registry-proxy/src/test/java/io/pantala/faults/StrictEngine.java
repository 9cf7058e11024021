package io.pantala.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.Digest;
import io.pantala.proxy.http.RawClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** An engine that takes nothing on trust: it hashes what it gets, and wants errors as registries tell them. */
final class StrictEngine {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final int port;
    private final List<String> headers;

    /** @param headers that it sends with each request */
    StrictEngine(int port, String... headers) {
        this.port = port;
        this.headers = List.of(headers);
    }

    /** Pulls a blob; over a connection of its own, as dockerd does. */
    Outcome blob(String repository, Digest digest) throws IOException {
        return get("/v2/" + repository + "/blobs/" + digest, digest);
    }

    /** Pulls a manifest by its digest. */
    Outcome manifest(String repository, Digest digest) throws IOException {
        return get("/v2/" + repository + "/manifests/" + digest, digest);
    }

    Outcome get(String target, Digest expected) throws IOException {
        RawClient.Reply reply = reply("GET", target);
        return switch (reply.status()) {
            case 200 -> content(reply, expected);
            default -> refused(reply);
        };
    }

    /** One request and its whole reply, whatever it is. */
    RawClient.Reply reply(String method, String target) throws IOException {
        try (RawClient connection = connect()) {
            return connection
                    .request(method, target, headers.toArray(String[]::new))
                    .reply(method.equals("HEAD"));
        }
    }

    /** A connection of which the caller takes what it likes. */
    RawClient connect() throws IOException {
        return new RawClient(port);
    }

    /** @param receiveBuffer bytes that the kernel takes for this engine while it does not read */
    RawClient connect(int receiveBuffer) throws IOException {
        return new RawClient(port, receiveBuffer);
    }

    /** Where it pulls from. */
    int port() {
        return port;
    }

    String[] headers() {
        return headers.toArray(String[]::new);
    }

    private static Outcome content(RawClient.Reply reply, Digest expected) throws IOException {
        String length = reply.header("Content-Length");
        if (!reply.whole()) {
            return new Outcome.CutShort(reply.body().length, length == null ? -1 : Long.parseLong(length));
        }
        Digest got = Digest.sha256(unpacked(reply));
        return got.equals(expected) ? new Outcome.Right() : new Outcome.Wrong(got, reply.body().length);
    }

    /** As Go's client does it. */
    private static byte[] unpacked(RawClient.Reply reply) throws IOException {
        return "gzip".equals(reply.header("Content-Encoding"))
                ? new GZIPInputStream(new ByteArrayInputStream(reply.body())).readAllBytes()
                : reply.body();
    }

    static Outcome.Refused refused(RawClient.Reply reply) throws IOException {
        if (reply.status() < 400) {
            throw new AssertionError("neither content nor an error: " + reply.status() + " " + reply.headers());
        }
        if (!"application/json".equals(reply.header("Content-Type"))) {
            throw new AssertionError(
                    "no registry error: " + reply.status() + " " + reply.headers() + "\n" + reply.text());
        }
        JsonNode error = JSON.readTree(reply.body()).path("errors").path(0);
        if (error.path("code").asText().isEmpty()
                || error.path("message").asText().isEmpty()) {
            throw new AssertionError("no registry error: " + reply.text());
        }
        return new Outcome.Refused(reply.status(), error.path("code").asText());
    }
}
