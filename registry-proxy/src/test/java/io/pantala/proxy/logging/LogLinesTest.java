package io.pantala.proxy.logging;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.event.Level;

class LogLinesTest {
    private final LoggerContext context = new LoggerContext();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Logger log = context.getLogger("io.pantala.proxy.Some");

    @Test
    void anEventIsOneLineOfText() {
        start(LogConfig.Format.TEXT, Level.INFO);

        log.atWarn()
                .addKeyValue("blob", "sha256:ab")
                .addKeyValue("why", "too \"late\"")
                .log("given up {}", 3);

        assertThat(lines())
                .singleElement()
                .asString()
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z WARN  Some: given up 3 blob=sha256:ab"
                        + " why=\"too \\\\\"late\\\\\"\"");
    }

    @Test
    void nothingThatIsLoggedStartsALineOrMovesTheCursor() {
        start(LogConfig.Format.TEXT, Level.INFO);

        log.atInfo().addKeyValue("path", "/v2/\r\n2026 ERROR forged").log("a\nb\u001b[2J");

        assertThat(lines())
                .singleElement()
                .asString()
                .contains("a\\nb\\u001b[2J")
                .contains("\\u000d\\n2026");
    }

    @Test
    void anEventIsOneObjectOfJson() throws IOException {
        start(LogConfig.Format.JSON, Level.INFO);

        log.atInfo()
                .addKeyValue("bytes", 12L)
                .addKeyValue("level", "mine")
                .addKeyValue("none", (Object) null)
                .log("a\n\"b\"");

        JsonNode event = new ObjectMapper().readTree(lines().getFirst());
        assertThat(event.path("message").asText()).isEqualTo("a\n\"b\"");
        assertThat(event.path("level").asText()).isEqualTo("INFO");
        assertThat(event.path("bytes").isNumber()).isTrue();
        assertThat(event.path("logger").asText()).isEqualTo("io.pantala.proxy.Some");
        assertThat(event.path("none").asText()).isEqualTo("null");
    }

    @Test
    void whatIsAMistakeOfTheProgramSaysWhere() {
        start(LogConfig.Format.TEXT, Level.INFO);

        log.error("oops", new IllegalStateException("outer", new NullPointerException("inner")));

        assertThat(lines())
                .singleElement()
                .asString()
                .contains("error=\"IllegalStateException: outer; caused by NullPointerException: inner\"")
                .contains("LogLinesTest.java:");
    }

    @Test
    void whatNetworksDoEveryDayIsToldWithoutLinesOfCode() {
        start(LogConfig.Format.TEXT, Level.INFO);

        log.warn("lost", new IOException("connection reset"));

        assertThat(lines()).singleElement().asString().endsWith("Some: lost error=\"IOException: connection reset\"");
    }

    @Test
    void librariesAreKeptBack() {
        start(LogConfig.Format.TEXT, Level.DEBUG);

        context.getLogger("io.netty.Some").debug("chatter");
        context.getLogger("io.vertx.Some").info("news");
        log.debug("detail");

        assertThat(lines()).hasSize(2);
    }

    private void start(LogConfig.Format format, Level level) {
        context.setMDCAdapter(new LogbackMDCAdapter());
        Logging.configure(context, new LogConfig(format, level), out);
    }

    private List<String> lines() {
        context.stop();
        return out.toString(UTF_8).lines().toList();
    }
}
