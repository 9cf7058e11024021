package io.pantala.proxy.doctor;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The running proxy, as it is seen from outside. */
final class Node implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(25);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final NodeAddress listen;
    private final NodeAddress admin;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .connectTimeout(Duration.ofSeconds(3))
            .build();

    Node(NodeAddress listen, NodeAddress admin) {
        this.listen = listen;
        this.admin = admin;
    }

    HttpResponse<String> admin(String path) throws IOException, InterruptedException {
        return get(admin, path);
    }

    HttpResponse<String> mirror(String path) throws IOException, InterruptedException {
        return get(listen, path);
    }

    /** What became of a request with a mark; empty while none has come. */
    Optional<String> mark(String mark) throws IOException, InterruptedException {
        HttpResponse<String> answer = admin("/marks/" + mark);
        return answer.statusCode() == 200 ? Optional.of(answer.body().strip()) : Optional.empty();
    }

    /** What it runs with, by key; empty if it doesn't say. */
    Optional<Map<String, String>> settings() throws IOException, InterruptedException {
        HttpResponse<String> answer = admin("/settings");
        if (answer.statusCode() != 200) {
            return Optional.empty();
        }
        Map<String, String> said = new TreeMap<>();
        JSON.readTree(answer.body())
                .properties()
                .forEach(each -> said.put(each.getKey(), each.getValue().asText()));
        return Optional.of(said);
    }

    private HttpResponse<String> get(NodeAddress address, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + path))
                .timeout(PATIENCE)
                .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
