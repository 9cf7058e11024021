@NullMarked
package io.pantala.seed.api;

import org.jspecify.annotations.NullMarked;
