/** What the program is told: flags, environment and file become one set of settings, each of known origin. */
@NullMarked
package io.pantala.proxy.config;

import org.jspecify.annotations.NullMarked;
