package io.pantala.transport.join;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import java.io.IOException;

/**
 * Asks a seed for a certificate: a new node with the secret of its token, one that has joined with the certificate that
 * it still has.
 *
 * @param node who asks, and as what
 * @param request an encoded {@link io.pantala.transport.identity.CertificateRequest}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record JoinRequest(NodeIdentity node, byte[] request) {
    /** Where it is posted. */
    public static final String PATH = "/pantala/v1/join";

    /** Bytes of the longest one that is read. */
    public static final int LARGEST = 16 << 10;

    byte[] write() {
        return Json.write(JsonNodeFactory.instance
                .objectNode()
                .put("role", node.role().text())
                .put("node", node.name())
                .put("request", request));
    }

    /** Reads one; the exception's message says what is wrong with it. */
    public static JoinRequest read(byte[] json) throws IOException {
        JsonNode document = Json.read(json);
        Role role = Role.of(document.path("role").asText())
                .orElseThrow(() -> new IOException("'role' must be host or seed"));
        try {
            return new JoinRequest(
                    new NodeIdentity(role, document.path("node").asText()), Json.bytes(document, "request"));
        } catch (IllegalArgumentException e) {
            throw new IOException("'node': " + e.getMessage(), e);
        }
    }
}
