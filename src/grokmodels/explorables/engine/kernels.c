/*
 * The arithmetic of the page's engine, as WebAssembly with SIMD; kernels.js has the same functions in plain JavaScript,
 * which round otherwise.
 *
 * Matrices are rows of floats; a stride is the distance between two rows. Built into kernels.wasm by `make kernels`.
 * Additions stand in a fixed order and nothing is fused: every processor rounds alike.
 */

#include <wasm_simd128.h>

#define EXPORT __attribute__((visibility("default")))

typedef v128_t four;

/* -- products ----------------------------------------------------------------------------------------------------- */

/* ROWS rows and VECTORS * 4 columns of a product, kept in registers while all of the sum passes. */
#define TILE(ROWS, VECTORS)                                                                                            \
    {                                                                                                                  \
        four sum[ROWS][VECTORS];                                                                                       \
        for (int r = 0; r < ROWS; r++)                                                                                 \
            for (int c = 0; c < VECTORS; c++)                                                                          \
                sum[r][c] = add ? wasm_v128_load(out + (i + r) * oi + j + 4 * c) : wasm_f32x4_splat(0);                \
        for (int l = 0; l < k; l++)                                                                                    \
            for (int r = 0; r < ROWS; r++)                                                                             \
                for (int c = 0; c < VECTORS; c++)                                                                      \
                    sum[r][c] = wasm_f32x4_add(sum[r][c], wasm_f32x4_mul(wasm_v128_load32_splat(a + (i + r) * ai + l * al), \
                                                                         wasm_v128_load(b + l * bl + j + 4 * c)));     \
        for (int r = 0; r < ROWS; r++)                                                                                 \
            for (int c = 0; c < VECTORS; c++) wasm_v128_store(out + (i + r) * oi + j + 4 * c, sum[r][c]);              \
    }

/* out[i, j] = (add ? out[i, j] : 0) + sum over l of a[i * ai + l * al] * b[l * bl + j], n by m; the sum has k terms. */
EXPORT void product(const float *a, int ai, int al, const float *b, int bl, float *out, int oi, int n, int k, int m,
                    int add) {
    int j = 0;
    for (; j + 8 <= m; j += 8) {
        int i = 0;
        for (; i + 4 <= n; i += 4) TILE(4, 2)
        for (; i < n; i++) TILE(1, 2)
    }
    for (; j + 4 <= m; j += 4) {
        int i = 0;
        for (; i + 4 <= n; i += 4) TILE(4, 1)
        for (; i < n; i++) TILE(1, 1)
    }
    for (; j < m; j++)
        for (int i = 0; i < n; i++) {
            float sum = add ? out[i * oi + j] : 0;
            for (int l = 0; l < k; l++) sum += a[i * ai + l * al] * b[l * bl + j];
            out[i * oi + j] = sum;
        }
}

/* out[j, i] = a[i, j] */
EXPORT void transpose(const float *a, float *out, int rows, int columns) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
}

/* -- layers ------------------------------------------------------------------------------------------------------- */

/* LayerNorm: unit = (x - mean) * inverse with inverse = 1 / sqrt(variance + 1e-5), out = unit * gain. */
EXPORT void norm(const float *x, const float *gain, float *unit, float *inverse, float *out, int n, int d) {
    for (int i = 0; i < n; i++, x += d, unit += d, out += d) {
        float mean = 0, variance = 0;
        for (int j = 0; j < d; j++) mean += x[j];
        mean /= d;
        for (int j = 0; j < d; j++) variance += (x[j] - mean) * (x[j] - mean);
        inverse[i] = 1 / __builtin_sqrtf(variance / d + 1e-5f);
        for (int j = 0; j < d; j++) {
            unit[j] = (x[j] - mean) * inverse[i];
            out[j] = unit[j] * gain[j];
        }
    }
}

/* Adds to dx and dgain what they have through the norm; dy is the gradient of its out, and is overwritten. */
EXPORT void norm_backward(float *dy, const float *unit, const float *inverse, const float *gain, float *dx,
                          float *dgain, int n, int d) {
    for (int i = 0; i < n; i++, dy += d, unit += d, dx += d) {
        float mean = 0, along = 0;
        for (int j = 0; j < d; j++) {
            dgain[j] += dy[j] * unit[j];
            dy[j] *= gain[j];
        }
        for (int j = 0; j < d; j++) {
            mean += dy[j];
            along += dy[j] * unit[j];
        }
        mean /= d;
        along /= d;
        for (int j = 0; j < d; j++) dx[j] += (dy[j] - mean - unit[j] * along) * inverse[i];
    }
}

EXPORT void relu(float *x, int n) {
    for (int i = 0; i < n; i++) x[i] = x[i] < 0 ? 0 : x[i];
}

/* The gradient passes where the rectified x is positive. */
EXPORT void relu_backward(float *dx, const float *x, int n) {
    for (int i = 0; i < n; i++) dx[i] = x[i] > 0 ? dx[i] : 0;
}

/* Rows of x by number: out[i] = x[rows[i]]. */
EXPORT void gather(const float *x, const int *rows, float *out, int n, int d) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++) out[i * d + j] = x[rows[i] * d + j];
}

/* x[rows[i]] += y[i] */
EXPORT void scatter(const float *y, const int *rows, float *x, int n, int d) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++) x[rows[i] * d + j] += y[i * d + j];
}

/* e^x for x <= 0, with a relative error of 3e-7: 2^k by the exponent's bits, the rest by a polynomial. */
static inline float exponential(float x) {
    x = x < -87 ? -87 : x;
    float scaled = x * 1.44269504f, whole = __builtin_rintf(scaled);
    float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    float y = 1 + r * (1 + r * (0.5f + r * (0.166666667f + r * (0.0416666667f + r * (0.00833333333f + r * 0.00138888889f)))));
    union { int bits; float value; } power = {((int)whole + 127) << 23};
    return y * power.value;
}

/* Positions that a row of the network can see. */
#define LONGEST 8

/*
 * Attention in heads of d / heads. Row i has a query, queries[own[i]] (d), and sees rows of keys and values, kv (2d), at
 * depth[i] positions: seen (n, length) has their numbers, in order. weights (n, heads, length - 1) are those that the
 * positions after the first have, mixed (n, d) is what is seen. Of two positions the weight is a sigmoid.
 */
EXPORT void attend(const float *queries, const int *own, const float *kv, const int *seen, const int *depth,
                   float *weights, float *mixed, int n, int d, int heads, int length) {
    int width = d / heads;
    float scale = 1 / __builtin_sqrtf(width);
    for (int i = 0; i < n; i++, seen += length, mixed += d) {
        const float *q = queries + own[i] * d, *k0 = kv + seen[0] * 2 * d, *v0 = k0 + d;
        for (int h = 0; h < heads; h++, weights += length - 1) {
            int begin = h * width, end = begin + width;
            float most = 0;
            for (int t = 1; t < depth[i]; t++) {
                const float *k = kv + seen[t] * 2 * d;
                float lead = 0;
                for (int j = begin; j < end; j++) lead += q[j] * (k[j] - k0[j]);
                weights[t - 1] = lead * scale;
                most = weights[t - 1] > most ? weights[t - 1] : most;
            }
            float sum = exponential(-most);
            for (int t = 1; t < depth[i]; t++) sum += weights[t - 1] = exponential(weights[t - 1] - most);
            for (int j = begin; j < end; j++) mixed[j] = v0[j];
            for (int t = 1; t < depth[i]; t++) {
                const float *v = kv + seen[t] * 2 * d + d;
                float w = weights[t - 1] /= sum;
                for (int j = begin; j < end; j++) mixed[j] += w * (v[j] - v0[j]);
            }
        }
    }
}

/* Adds to dqueries and dkv the gradients through that attention. */
EXPORT void attend_backward(const float *dmixed, const float *queries, const int *own, const float *kv, const int *seen,
                            const int *depth, const float *weights, float *dqueries, float *dkv, int n, int d, int heads,
                            int length) {
    int width = d / heads;
    float scale = 1 / __builtin_sqrtf(width);
    for (int i = 0; i < n; i++, seen += length, dmixed += d) {
        const float *q = queries + own[i] * d, *k0 = kv + seen[0] * 2 * d, *v0 = k0 + d;
        float *dq = dqueries + own[i] * d, *dk0 = dkv + seen[0] * 2 * d, *dv0 = dk0 + d;
        for (int h = 0; h < heads; h++, weights += length - 1) {
            int begin = h * width, end = begin + width;
            float along[LONGEST], first = 1, mean = 0;
            for (int t = 1; t < depth[i]; t++) {
                const float *v = kv + seen[t] * 2 * d + d;
                along[t] = 0;
                for (int j = begin; j < end; j++) along[t] += dmixed[j] * (v[j] - v0[j]);
                mean += along[t] * weights[t - 1];
                first -= weights[t - 1];
            }
            for (int t = 1; t < depth[i]; t++) {
                const float *k = kv + seen[t] * 2 * d;
                float *dk = dkv + seen[t] * 2 * d, *dv = dk + d, w = weights[t - 1], own_part = along[t] * w;
                float lead = (own_part * (1 - w) - w * (mean - own_part)) * scale;
                for (int j = begin; j < end; j++) {
                    dq[j] += lead * (k[j] - k0[j]);
                    dk[j] += lead * q[j];
                    dk0[j] -= lead * q[j];
                    dv[j] += w * dmixed[j];
                }
            }
            for (int j = begin; j < end; j++) dv0[j] += first * dmixed[j];
        }
    }
}

/* Logits (n, c) become the gradient of scale times their summed cross-entropy: scale * (softmax - one at the label). */
EXPORT void softmax_gradient(float *logits, const int *labels, int n, int c, float scale) {
    for (int i = 0; i < n; i++, logits += c) {
        float most = logits[0], sum = 0;
        for (int j = 1; j < c; j++) most = logits[j] > most ? logits[j] : most;
        for (int j = 0; j < c; j++) logits[j] = exponential(logits[j] - most);
        for (int j = 0; j < c; j++) sum += logits[j];
        for (int j = 0; j < c; j++) logits[j] = logits[j] / sum * scale;
        logits[labels[i]] -= scale;
    }
}

/* -- updates ------------------------------------------------------------------------------------------------------ */

EXPORT void scale(float *x, int n, float factor) {
    for (int i = 0; i < n; i++) x[i] *= factor;
}

/* x += factor * y */
EXPORT void add_scaled(float *x, const float *y, int n, float factor) {
    for (int i = 0; i < n; i++) x[i] += factor * y[i];
}

/* Adam without decay (arXiv:1412.6980, algorithm 1): rate over the first correction, and the second's square root. */
EXPORT void adam(float *weights, const float *gradient, float *first, float *second, int n, float beta1, float beta2,
                 float rate, float correction, float epsilon) {
    for (int i = 0; i < n; i++) {
        first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
        second[i] = beta2 * second[i] + (1 - beta2) * (gradient[i] * gradient[i]);
        weights[i] -= rate * first[i] / (__builtin_sqrtf(second[i]) / correction + epsilon);
    }
}
