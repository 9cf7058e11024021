package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocationTest {
    private final Location here = Location.of(URI.create("https://registry.example"), "/v2/a/blobs/b?ns=c");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            https://s3.example/x?a=%2B&b=%20c+d      | https://s3.example      | /x?a=%2B&b=%20c+d
            HTTP://S3.example:8080/x                 | http://s3.example:8080  | /x
            https://s3.example                       | https://s3.example      | /
            https://s3.example?q=1                   | https://s3.example      | /?q=1
            https://[fd00::1]:8443/x                 | https://[fd00::1]:8443  | /x
            //cdn.example/x#fragment                 | https://cdn.example     | /x
            /x/%2F?a=//b                             | https://registry.example| /x/%2F?a=//b
            c?d                                      | https://registry.example| /v2/a/blobs/c?d
            ../../m?d=../e                           | https://registry.example| /v2/m?d=../e
            ?x=1                                     | https://registry.example| /v2/a/blobs/b?x=1
            #top                                     | https://registry.example| /v2/a/blobs/b?ns=c
            /with space/é                            | https://registry.example| /with%20space/%E9
            """)
    void resolvesWhatRegistriesSay(String header, String origin, String target) {
        Location there = here.resolve(header).orElseThrow();

        assertThat(there).hasToString(origin);
        assertThat(there.target()).isEqualTo(target);
    }

    @Test
    void goesNowhereElse() {
        assertThat(here.resolve("ftp://s3.example/x")).isEmpty();
        assertThat(here.resolve("https://s3.example:99999/x")).isEmpty();
        assertThat(here.resolve("https://user@s3.example/x")).isEmpty();
        assertThat(here.resolve("https://s3.example\\@evil.example/x")).isEmpty();
        assertThat(here.resolve("https:///x")).isEmpty();
        assertThat(here.resolve("/x\r\nHost: evil")).isEmpty();
        assertThat(here.resolve("/" + "x".repeat(40_000))).isEmpty();
    }

    @Test
    void knowsWhereACredentialEnds() {
        assertThat(here.sameOrigin(
                        here.resolve("https://REGISTRY.example:443/x").orElseThrow()))
                .isTrue();
        assertThat(here.sameOrigin(here.resolve("http://registry.example:443/x").orElseThrow()))
                .isFalse();
        assertThat(here.sameOrigin(
                        here.resolve("https://registry.example:444/x").orElseThrow()))
                .isFalse();
        assertThat(here.sameOrigin(here.resolve("https://a.registry.example/x").orElseThrow()))
                .isFalse();
    }

    @Test
    void keepsAnUpstreamsPrefix() {
        assertThat(Location.of(URI.create("http://h:5000/mirror/"), "/v2/").target())
                .isEqualTo("/mirror/v2/");
    }
}
