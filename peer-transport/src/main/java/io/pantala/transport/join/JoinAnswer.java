package io.pantala.transport.join;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.pantala.transport.identity.Roots;
import java.io.IOException;
import java.security.GeneralSecurityException;

/**
 * A seed's answer to a {@link JoinRequest}.
 *
 * @param chain the certificate and what leads to the authorities, in PEM
 * @param roots whom to trust from now on
 */
public record JoinAnswer(String chain, Roots roots) {
    public byte[] write() {
        return Json.write(
                JsonNodeFactory.instance.objectNode().put("certificate", chain).put("roots", roots.pem()));
    }

    static JoinAnswer read(byte[] json) throws IOException {
        JsonNode document = Json.read(json);
        try {
            return new JoinAnswer(
                    document.path("certificate").asText(),
                    Roots.parse(document.path("roots").asText()));
        } catch (GeneralSecurityException e) {
            throw new IOException("the seed's answer makes no sense: " + e.getMessage(), e);
        }
    }
}
